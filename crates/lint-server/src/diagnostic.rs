//! Findings and problems of a text into diagnostics.

use lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location,
    NumberOrString, Position, Range, Uri,
};
use stanch_leak_lint::{Finding, Label};
use stanch_leak_patterns::Confidence;
use stanch_lint_project::{Looked, Problem};

use crate::client::Client;
use crate::document::Document;
use crate::folder::Folder;
use crate::pages::Pages;
use crate::uri;

/// Who says it.
pub(crate) const SOURCE: &str = "stanch";

/// What diagnostics of a document are made with.
pub(crate) struct Making<'s> {
    pub(crate) uri: &'s Uri,
    pub(crate) document: &'s Document,
    pub(crate) folder: &'s Folder,
    pub(crate) client: Client,
    pub(crate) pages: &'s Pages,
}

impl Making<'_> {
    /// All diagnostics of the document.
    pub(crate) fn all(&self) -> Vec<Diagnostic> {
        match &self.document.looked {
            Some(Looked::Checked(findings)) => findings.iter().map(|it| self.of(it)).collect(),
            Some(Looked::Failed(problem)) => vec![self.of_problem(problem)],
            Some(Looked::Skipped(_)) | None => Vec::new(),
        }
    }

    pub(crate) fn of(&self, finding: &Finding) -> Diagnostic {
        let growth = finding.growth.map(|growth| format!(" ({growth})"));
        let link = self
            .pages
            .link(finding.rule)
            .filter(|_| self.client.code_links);
        let related = self.client.related_places.then(|| self.related(finding));
        Diagnostic {
            range: self.document.place(&finding.place),
            severity: Some(severity(finding.confidence)),
            code: Some(NumberOrString::String(finding.rule.to_owned())),
            code_description: link.map(|href| CodeDescription { href }),
            source: Some(SOURCE.to_owned()),
            message: format!("{}{}", finding.message, growth.unwrap_or_default()),
            related_information: related.filter(|places| !places.is_empty()),
            tags: None,
            data: None,
        }
    }

    /// What stands at the place itself, and the further places.
    fn related(&self, finding: &Finding) -> Vec<DiagnosticRelatedInformation> {
        let labels = std::iter::once(&finding.place).chain(&finding.labels);
        let places = labels.filter_map(|label| {
            Some(DiagnosticRelatedInformation {
                location: self.location(label)?,
                message: label.text.clone(),
            })
        });
        places.filter(|place| !place.message.is_empty()).collect()
    }

    fn location(&self, label: &Label) -> Option<Location> {
        let Some(file) = &label.file else {
            return Some(Location::new(self.uri.clone(), self.document.place(label)));
        };
        // Another file: lines as JavaScript counts them, which is the same but for rare separators.
        let (from, to) = (label.extent.from, label.extent.to);
        let range = Range::new(
            Position::new(from.line, from.column),
            Position::new(to.line, to.column),
        );
        Some(Location::new(
            uri::of_path(&self.folder.path_of(file))?,
            range,
        ))
    }

    fn of_problem(&self, problem: &Problem) -> Diagnostic {
        let place = problem.place;
        let range = place.map(|it| self.document.range(it.start, it.end));
        Diagnostic {
            range: range.unwrap_or_default(),
            severity: Some(DiagnosticSeverity::HINT),
            source: Some(SOURCE.to_owned()),
            message: format!("not linted: {}", problem.message),
            ..Diagnostic::default()
        }
    }
}

/// What is sure is a warning; nothing that is found breaks a program at once.
fn severity(confidence: Confidence) -> DiagnosticSeverity {
    match confidence {
        Confidence::High => DiagnosticSeverity::WARNING,
        Confidence::Medium | Confidence::Low => DiagnosticSeverity::INFORMATION,
    }
}
