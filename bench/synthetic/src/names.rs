//! Words of the synthetic program into positions in the snapshot's table of strings.

/// The strings that do not depend on the size, in file order.
pub(crate) const NAMES: [&str; 64] = [
    "<dummy>",
    "",
    "(GC roots)",
    "global",
    "global / ",
    "Store",
    "Map",
    "records",
    "table",
    "store",
    "system / Map",
    "system / Context",
    "system / ScopeInfo",
    "system / NativeContext",
    "(object elements)",
    "elements",
    "map",
    "__proto__",
    "constructor",
    "prototype",
    "shared",
    "context",
    "code",
    "feedback_cell",
    "scope_info",
    "previous",
    "Array",
    "Function",
    "heap number",
    "(concatenated string)",
    "first",
    "second",
    "id",
    "name",
    "items",
    "handler",
    "label",
    "peer",
    "next",
    "child1",
    "child2",
    "child3",
    "owner",
    "log",
    "cache",
    "onMessage",
    "onTimeout",
    "onClose",
    "(anonymous)",
    "observer",
    "SharedFunctionInfo",
    "length",
    // The classes: as many as `shape::CLASSES`.
    "Session",
    "Request",
    "Order",
    "Product",
    "Basket",
    "Customer",
    "Invoice",
    "Message",
    "Connection",
    "Job",
    "Token",
    "Object",
];

/// Where `text` stands in [`NAMES`]; a word that is not there does not compile.
pub(crate) const fn name(text: &str) -> u64 {
    let mut position = 0;
    while position < NAMES.len() {
        if is_same(NAMES[position].as_bytes(), text.as_bytes()) {
            return position as u64;
        }
        position += 1;
    }
    panic!("the word is not among the names")
}

const fn is_same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}
