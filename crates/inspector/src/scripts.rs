//! The scripts an isolate has loaded, and their sources.

use crate::error::InspectorError;
use crate::session::{Session, bad_answer};
use crate::wire::{ScriptId, ScriptParsed, ScriptSource};

/// All scripts are announced at once, before the answer; a big service has some thousands.
const ANNOUNCEMENTS: usize = 1 << 20;

/// A script as V8 parsed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Its id in this isolate.
    pub script_id: String,
    /// Path, `file:` or `node:` url; empty for evaluated code.
    pub url: String,
    /// What its `sourceMappingURL` says, a `data:` url included; empty without one.
    pub source_map_url: String,
}

impl Session {
    /// Every script of the isolate. The debugger is switched on for a moment, which costs the process its
    /// optimised code's speed: use it when no load runs, on a process of our own.
    ///
    /// # Errors
    /// The process does not answer, or the connection ended.
    pub async fn scripts(&self) -> Result<Vec<Script>, InspectorError> {
        let doing = "listing the scripts";
        let mut events = self
            .table
            .listen(&self.route, "Debugger.scriptParsed", ANNOUNCEMENTS);
        let enabled = self.order("Debugger.enable", doing).await;
        let disabled = self.order("Debugger.disable", doing).await;
        enabled.and(disabled)?;
        let mut scripts = Vec::new();
        while let Ok(event) = events.try_recv() {
            let script: ScriptParsed = serde_json::from_str(event.params.get())
                .map_err(|error| bad_answer(doing, &error))?;
            let ScriptParsed {
                script_id,
                url,
                source_map_url,
            } = script;
            scripts.push(Script {
                script_id,
                url,
                source_map_url,
            });
        }
        Ok(scripts)
    }

    /// The source text of one script. The same care as for [`Session::scripts`].
    ///
    /// # Errors
    /// There is no such script; and as for every call.
    pub async fn script_source(&self, script_id: &str) -> Result<String, InspectorError> {
        let doing = "reading a script's source";
        // Node announces every script again: nobody listens, so they are dropped on arrival.
        self.order("Debugger.enable", doing).await?;
        let source = self
            .call::<_, ScriptSource>("Debugger.getScriptSource", ScriptId { script_id }, doing)
            .await;
        self.order("Debugger.disable", doing).await?;
        Ok(source?.script_source)
    }
}
