//! Paths into the URIs of editors, and back.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use lsp_types::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What a path in a URI writes as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The file that a URI names; none for texts that have no file.
pub(crate) fn to_path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    let path = &rest[rest.find('/')?..];
    let path = percent_decode_str(path).decode_utf8().ok()?;
    // `/c:/a` is `c:/a`.
    let has_drive = path.as_bytes().get(2) == Some(&b':');
    let path = if cfg!(windows) && has_drive {
        &path[1..]
    } else {
        &path
    };
    Some(PathBuf::from(path))
}

/// The URI of an absolute path.
pub(crate) fn of_path(path: &Path) -> Option<Uri> {
    let path = path.to_str()?.replace('\\', "/");
    let slash = if path.starts_with('/') { "" } else { "/" };
    Uri::from_str(&format!(
        "file://{slash}{}",
        utf8_percent_encode(&path, PLAIN)
    ))
    .ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{of_path, to_path};

    #[test]
    fn paths_come_back() {
        for path in ["/srv/a b/ü%41.ts", "/srv/[...all].js"] {
            let uri = of_path(Path::new(path));
            let back = uri.as_ref().and_then(to_path);
            assert_eq!(back.as_deref(), Some(Path::new(path)), "{uri:?}");
        }
        let of_nobody = "untitled:Untitled-1".parse();
        assert_eq!(of_nobody.ok().as_ref().and_then(to_path), None);
    }
}
