//! What stays open, under way or running because of what other files do: small services of a few files, and the lines that are
//! said with high confidence.

use super::across_files::check;
use crate::rules::floating_pipeline;

#[test]
fn a_pipeline_that_a_caller_drops() {
    let store = "import { pipeline } from 'node:stream/promises';\nexport class Store {\n  async save(to, body) { await pipeline(body, to); }\n}\nexport const store = new Store();";
    let called = |call: &str, expected: &[u32]| {
        let caller = format!(
            "import {{ store }} from './store';\napp.post('/', async (req, res) => {{ {call} }});"
        );
        let files = [("store.js", store), ("caller.js", caller.as_str())];
        check(&floating_pipeline::RULE, &files, expected);
    };
    called("store.save(res, req);", &[3]);
    called("void store.save(res, req);", &[3]);
    called("await store.save(res, req);", &[]);
    called("store.save(res, req).catch(log);", &[]);
    called("return store.save(res, req);", &[]);
}
