//! Names from the heap, and the declarations that they lead to.

use stanch_heap_growth::Anchor;
use stanch_js_source::HolderRef;

use super::service::{Service, property};
use crate::place::{leads_to, named};

/// What the anchor is called in which text, and where the nearest declaration is: `items at app.js:1:7`.
fn found(anchor: &Anchor, service: &Service) -> String {
    let Some(found) = named(anchor, &service.sources) else {
        return "nothing".to_owned();
    };
    let place = match &found.declaration {
        Some(declaration) => declaration.name.from.place(found.text.path()).to_string(),
        None => format!("{}, undeclared", found.text.path()),
    };
    format!("{} at {place}", written(&found.holder))
}

fn written(holder: &HolderRef) -> String {
    match holder {
        HolderRef::Variable { name, .. } => name.clone(),
        HolderRef::Field { class, name, .. } => {
            format!("{}.{name}", class.as_deref().unwrap_or("?"))
        }
        HolderRef::Property { object, name } => format!("{}.{name}", written(object)),
        HolderRef::Global { name } => format!("globalThis.{name}"),
    }
}

#[track_caller]
fn check(files: &[(&str, &str)], anchor: impl Fn(&Service) -> Anchor, expected: &str) {
    let service = Service::new(files);
    assert_eq!(found(&anchor(&service), &service), expected, "{files:#?}");
}

/// The variable `cache` that the function at the mark sees.
#[track_caller]
fn check_cache(files: &[(&str, &str)], expected: &str) {
    check(files, |service| service.variable("cache"), expected);
}

#[test]
fn a_variable_is_the_one_that_the_function_sees() {
    check_cache(
        &[(
            "app.js",
            "const cache = new Map();\nexports.put = ▸(id) => cache.set(id, 1);",
        )],
        "cache at app.js:1:7",
    );
    check_cache(
        &[(
            "app.js",
            "const cache = 1;\nfunction f() {\n  const cache = new Map();\n  return ▸(id) => cache.set(id, 1);\n}",
        )],
        "cache at app.js:3:9",
    );
    check_cache(
        &[("app.js", "exports.put = ▸(id) => cache.set(id, 1);")],
        "cache at app.js, undeclared",
    );
    let service = Service::new(&[("app.js", "▸() => 1;")]);
    let elsewhere = Service::new(&[("other.js", "const cache = [];")]);
    assert_eq!(found(&service.variable("cache"), &elsewhere), "nothing");
}

#[test]
fn imports_are_followed_to_what_declares() {
    let put = "exports.put = ▸(id) => cache.set(id, 1);";
    let required = format!("const {{ cache }} = require('./store');\n{put}");
    check_cache(
        &[
            ("app.js", &required),
            (
                "store.js",
                "const cache = new Map();\nmodule.exports = { cache };",
            ),
        ],
        "cache at store.js:1:7",
    );
    check_cache(
        &[
            ("app.js", &required),
            ("store.js", "const all = new Map();\nexports.cache = all;"),
        ],
        "all at store.js:1:7",
    );
    check_cache(
        &[
            ("app.ts", &format!("import cache from './store.js';\n{put}")),
            ("store.ts", "const all = new Map();\nexport default all;"),
        ],
        "all at store.ts:1:7",
    );
    check_cache(
        &[
            (
                "app.js",
                &format!("const cache = require('./store');\n{put}"),
            ),
            ("store.js", "const all = new Map();\nmodule.exports = all;"),
        ],
        "all at store.js:1:7",
    );
    // What is exported without a name of its own is best named where it is imported.
    check_cache(
        &[
            ("app.js", &required),
            ("store.js", "exports.cache = new Map();"),
        ],
        "cache at app.js:1:9",
    );
    check_cache(&[("app.js", &required)], "cache at app.js:1:9");
}

#[test]
fn imports_are_followed_through_several_files() {
    let app = (
        "app.js",
        "import { cache } from './store/index.js';\nexport const put = ▸(id) => cache.set(id, 1);",
    );
    check_cache(
        &[
            app,
            (
                "store/index.js",
                "import { all } from './all.js';\nexport { all as cache };",
            ),
            ("store/all.js", "export const all = new Map();"),
        ],
        "all at store/all.js:1:14",
    );
    // What passes through a file without a name there is best named where it is imported.
    check_cache(
        &[
            app,
            ("store/index.js", "export { all as cache } from './all.js';"),
            ("store/all.js", "export const all = new Map();"),
        ],
        "cache at app.js:1:10",
    );
    // In a circle the search ends.
    let circle = [
        app,
        (
            "store/index.js",
            "import { cache } from '../app.js';\nexport { cache };",
        ),
    ];
    let service = Service::new(&circle);
    assert!(found(&service.variable("cache"), &service).starts_with("cache at "));
}

#[test]
fn an_import_means_the_file_next_to_it() {
    let put = "const { cache } = require('./store');\nexports.put = ▸(id) => cache.set(id, 1);";
    let store = "exports.cache = cache;\nconst cache = new Map();";
    check_cache(
        &[
            ("b/app.js", put),
            ("a/store.js", store),
            ("b/store.js", store),
        ],
        "cache at b/store.js:2:7",
    );
    check_cache(
        &[("b/app.js", put), ("a/store.js", store)],
        "cache at b/app.js:1:9",
    );
}

#[test]
fn specifiers_lead_to_files() {
    let check = |module: &str, importing: &str, path: &str, expected: bool| {
        let leads = leads_to(module, importing, path);
        assert_eq!(leads, expected, "{module} of {importing}: {path}");
    };
    check("./store", "app.js", "store.js", true);
    check("./store.js", "src/app.ts", "src/store.ts", true);
    check("./store.mjs", "src/app.mjs", "src/store.mjs", true);
    check("./store", "src/app.js", "src/store/index.js", true);
    check(".", "src/app.js", "src/index.js", true);
    check("..", "src/app.js", "index.js", true);
    check("../lib/./store", "src/app.js", "lib/store.js", true);
    check("./user.service", "src/app.ts", "src/user.service.ts", true);
    check(
        "./user.service",
        "src/app.ts",
        "src/user.controller.ts",
        false,
    );
    check("./store", "src/app.js", "lib/store.js", false);
    check("./store", "app.js", "lib/store.js", false);
    check("store", "app.js", "store.js", false);
    // Files beside the service's folder have whole paths for names.
    check(
        "../../shared/store",
        "src/app.js",
        "/srv/shared/store.js",
        true,
    );
    check(
        "../../shared/store",
        "src/app.js",
        "/srv/other/store.js",
        false,
    );
    check("../../shared/store", "src/app.js", "shared/store.js", false);
    check(
        "./store",
        "/srv/shared/app.js",
        "/srv/shared/store.js",
        true,
    );
}

#[test]
fn properties_are_declared_with_their_object() {
    let items = |service: &Service| property(service.variable("state"), "items");
    check(
        &[(
            "app.js",
            "const state = { items: [] };\nexports.put = ▸(id) => state.items.push(id);",
        )],
        items,
        "state.items at app.js:1:17",
    );
    // Where nothing declares the property, its object says where to look.
    check(
        &[(
            "app.js",
            "const state = make();\nexports.put = ▸(id) => state.items.push(id);",
        )],
        items,
        "state.items at app.js:1:7",
    );
    let service = Service::new(&[("app.js", "globalThis.state = {};\nexports.put = ▸() => 1;")]);
    let global = Anchor::Global {
        name: "state".to_owned(),
    };
    assert_eq!(found(&global, &service), "globalThis.state at app.js:1:12");
}

#[test]
fn fields_are_declared_in_their_class() {
    let class = |body: &str| format!("class Store {{\n{body}\n}}");
    let check = |body: &str, name: &str, expected: &str| {
        let text = class(body);
        check(
            &[("store.js", &text)],
            |service| service.field("Store", name),
            expected,
        );
    };
    check(
        "  #items = new Map();\n  constructor▸() {}",
        "#items",
        "Store.#items at store.js:2:3",
    );
    check(
        "  constructor▸() { this.items = []; }",
        "items",
        "Store.items at store.js:2:24",
    );
}

#[test]
fn a_property_may_be_given_in_another_file() {
    let app = (
        "app.js",
        "const app = fastify();\napp.register(tags);\nexports.app = ▸() => app;",
    );
    let tags = |service: &Service| property(service.variable("app"), "tags");
    let plugin = (
        "plugin.js",
        "export default async (app) => { app.decorate('tags', new Map()); };",
    );
    check(&[app, plugin], tags, "app.tags at plugin.js:1:46");
    // Two files that do it leave only the object.
    let other = ("other.js", "exports.f = (app) => { app.tags = []; };");
    check(&[app, plugin, other], tags, "app.tags at app.js:1:7");
    let own = (
        "app.js",
        "const app = { tags: [] };\nexports.app = ▸() => app;",
    );
    check(&[own, plugin], tags, "app.tags at app.js:1:15");
}

#[test]
fn exports_and_fields_are_found_without_a_function() {
    let service = Service::new(&[
        ("a.js", "export const other = 1;"),
        ("b.js", "export const cache = new Map();"),
    ]);
    let export = Anchor::Export {
        name: "cache".to_owned(),
        module: None,
    };
    assert_eq!(found(&export, &service), "cache at b.js:1:14");
}

#[test]
fn originals_of_one_script_are_searched_together() {
    let service = Service::compiled(
        "dist/app.js",
        "const cache = new Map();\nexports.put = ▸(id) => cache.set(id, 1);",
        &[
            (
                "src/cache.ts",
                "export const cache = new Map<string, number>();",
            ),
            (
                "src/put.ts",
                "export const put = (id: string) => cache.set(id, 1);",
            ),
        ],
    );
    assert_eq!(
        found(&service.variable("cache"), &service),
        "cache at src/cache.ts:1:14"
    );
    assert_eq!(
        found(&service.variable("lost"), &service),
        "lost at src/put.ts, undeclared"
    );
}
