//! Names in a bundle, and what their originals call them.

use stanch_heap_growth::{Anchor, MemberPlace, Origin, Step};
use stanch_leak_patterns::Pattern;

use super::service::{Service, holder};
use crate::bundled::unbundled;

/// A bundle of a package's emitter, the service's own, and the function that the service hands it.
fn bundle() -> Service {
    Service::compiled(
        "dist/server.js",
        "class t { constructor▸() { this.observers = []; } }\nvar Bi = new t(); exports.all = ▸() => Bi;\nexports.f = ▸() => 1;",
        &[
            (
                "node_modules/emit/index.js",
                "class Subject { constructor() { this.observers = []; } }",
            ),
            ("src/feed.js", "rates$ = new Subject();"),
            ("src/app.js", "() => rates$.subscribe(() => 1)"),
        ],
    )
}

fn names(service: &Service) -> Vec<Anchor> {
    vec![
        service.field("t", "observers"),
        Anchor::Variable {
            name: "Bi".to_owned(),
            seen_by: service.mark(1),
        },
    ]
}

fn member(service: &Service, mark: usize) -> MemberPlace {
    MemberPlace {
        place: service.mark(mark),
        name: String::new(),
        count: 1,
        is_class: false,
    }
}

#[test]
fn a_bundle_hides_whose_code_it_is_and_what_it_was_called() {
    let service = bundle();
    let mut holder = holder(Pattern::UnboundedCache, None);
    holder.names = names(&service);
    holder.path = vec![Step {
        name: "Bi".to_owned(),
        class: "t".to_owned(),
    }];
    let Some(found) = unbundled(&holder, &service.sources) else {
        panic!("the script is a bundle")
    };
    let qualified = |anchor: &Option<Anchor>| anchor.as_ref().map(Anchor::qualified);
    assert_eq!(
        qualified(&found.headline.anchor).as_deref(),
        Some("Subject.observers")
    );
    assert_eq!(
        qualified(&found.headline.user_anchor).as_deref(),
        Some("rates$")
    );
    assert_eq!(
        found.headline.inner_origin,
        Some(Origin::Package("emit".to_owned()))
    );
    assert_eq!(found.path[0].name, "rates$");
}

#[test]
fn a_packages_emitter_goes_by_the_services_variable() {
    let service = bundle();
    let mut holder = holder(Pattern::UnremovedListener, None);
    holder.names = names(&service);
    // The nearest function is the package's own; the service's is behind it.
    holder.places = vec![member(&service, 0)];
    holder.further_places = vec![member(&service, 0), member(&service, 2)];
    let found = unbundled(&holder, &service.sources);
    let found = found.map(|found| {
        (
            found.headline.anchor.map(|name| name.qualified()),
            found.places,
        )
    });
    assert_eq!(
        found,
        Some((Some("rates$".to_owned()), vec![member(&service, 2)]))
    );
}

#[test]
fn private_fields_have_names_that_only_the_map_knows() {
    let service = Service::compiled(
        "dist/server.js",
        "var x = 1;\nclass a { #e = new Set(); constructor▸() {} }",
        &[
            ("src/x.js", "x = 1"),
            ("src/topic.js", "#watchers = new Set();"),
        ],
    );
    let mut holder = holder(Pattern::UnremovedListener, None);
    holder.names = vec![service.field("a", "#e")];
    let found = unbundled(&holder, &service.sources);
    let anchor = found.and_then(|found| found.headline.anchor);
    assert_eq!(
        anchor.map(|anchor| anchor.qualified()).as_deref(),
        Some("a#watchers")
    );
}

#[test]
fn other_scripts_keep_their_names() {
    let service = Service::new(&[(
        "app.js",
        "const cache = new Map();\nexports.f = ▸() => cache;",
    )]);
    let mut holder = holder(Pattern::UnboundedCache, None);
    holder.names = vec![service.variable("cache")];
    assert!(unbundled(&holder, &service.sources).is_none());
}
