//! Places that let go of what a holder keeps, or bound it.

use super::{check, field, var};

#[test]
fn releases() {
    check(
        "const m = new Map();\nfunction f(k) { m.delete(k); m.clear(); }",
        var("m"),
        "declared 1:7 Map, Delete 2, Clear 2",
    );
    check(
        "const MAX = 5 * 100;\nconst m = new Map();\nfunction f(k, v) {\n  if (m.size >= MAX) m.delete(m.keys().next().value);\n  m.set(k, v);\n}",
        var("m"),
        "declared 2:7 Map, Inserts 5, BoundCheck 4 ≤500, Delete 4",
    );
    check(
        "const list = [];\nfunction f(v) {\n  list.push(v);\n  while (list.length > 1000) list.shift();\n  for (let i = 0; i < list.length; i++) g(list[i]);\n  if (list.length > 0) g();\n}",
        var("list"),
        "declared 1:7 Array, Appends 3, BoundCheck 4 ≤1000, Shift 4",
    );
    check(
        "let list = [];\nfunction add(v) { list.push(v); }\nsetInterval(() => { list = list.filter((x) => x.ok); }, 60 * 1000);",
        var("list"),
        "declared 1:5 Array, Appends 2, Filter 3 /60000ms",
    );
    check(
        "const m = new Map();\nfunction sweep() { for (const [k, v] of m) if (v.old) m.delete(k); }\nsetInterval(sweep, 30_000).unref();\nsetInterval(() => sweep(), 1e3);",
        var("m"),
        "declared 1:7 Map, Delete 2 /30000ms",
    );
    check(
        "class C {\n  items = new Map();\n  constructor() { this.timer = setInterval(this.sweep.bind(this), 5000); }\n  sweep() { this.items.clear(); }\n  stop() { clearInterval(this.timer); }\n}",
        field("C", "items"),
        "declared 2:3 Map, Clear 4 /5000ms",
    );
    check(
        "class C {\n  constructor() { this.timer = setInterval(f, 5000); }\n  stop() { clearInterval(this.timer); this.timer = null; }\n}",
        field("C", "timer"),
        "declared 2:24 call setInterval, Clear 3, Reassign 3",
    );
    check(
        "const m = new Map();\nfunction f(k, v) { m.set(k, v); setTimeout(() => m.delete(k), 2000); }",
        var("m"),
        "declared 1:7 Map, Inserts 2, Delete 2 /2000ms",
    );
    check(
        "let batch = [];\nfunction add(v) { batch.push(v); }\nfunction flush() { const out = batch; batch = []; send(out); }",
        var("batch"),
        "declared 1:5 Array, Appends 2, Reassign 3",
    );
    check(
        "const ring = [];\nlet i = 0;\nfunction f(v) { ring[i++ % 64] = v; }",
        var("ring"),
        "declared 1:7 Array, BoundCheck 3 ≤64",
    );
    check(
        "const o = {};\nfunction f(k, v) { o[k] = v; if (Object.keys(o).length > 100) delete o[k]; o[k] = null; }",
        var("o"),
        "declared 1:7 Object, Inserts 2, BoundCheck 2 ≤100, Delete 2, Delete 2",
    );
    check(
        "class C {\n  #max = 50;\n  list = [];\n  add(v) { if (this.list.length < this.#max) this.list.push(v); }\n}",
        field("C", "list"),
        "declared 3:3 Array, Appends 4, BoundCheck 4 ≤50",
    );
    check(
        "const LIMIT = Number(process.env.LIMIT) || 200;\nconst l = [];\nfunction f(v, o) { l.push(v); if (l.length > LIMIT) l.splice(0, 1); if (l.length > o.max) l.length = o.max; }",
        var("l"),
        "declared 2:7 Array, Appends 3, BoundCheck 3 ≤200, Splice 3, BoundCheck 3 ≤max, Truncate 3",
    );
    check(
        "const sockets = new Set();\nserver.on('connection', (s) => {\n  sockets.add(s);\n  s.on('close', () => sockets.delete(s));\n});",
        var("sockets"),
        "declared 1:7 Set, Inserts 3, Delete 4",
    );
}

#[test]
fn bounded_libraries() {
    check(
        "import { LRUCache } from 'lru-cache';\nconst c = new LRUCache({ max: 500, ttl: 1000 * 60 });\nfunction f(k) { c.set(k, 1); }",
        var("c"),
        "declared 2:7 Bounded lru-cache Some(500) Some(60000), Inserts 3",
    );
    check(
        "const NodeCache = require('node-cache');\nconst c = new NodeCache({ stdTTL: 60 });",
        var("c"),
        "declared 2:7 Bounded node-cache None Some(60000)",
    );
    check(
        "const NodeCache = require('node-cache');\nconst c = new NodeCache({ stdTTL: 0 });",
        var("c"),
        "declared 2:7 new NodeCache",
    );
    check(
        "const LRU = require('lru-cache');\nconst opts = { max: 10 };\nconst a = LRU(500), b = new LRU(opts);",
        var("b"),
        "declared 3:21 Bounded lru-cache Some(10) None",
    );
    check(
        "import Keyv from 'keyv';\nconst k = new Keyv();",
        var("k"),
        "declared 2:7 new Keyv",
    );
}

#[test]
fn ages_of_what_is_let_go() {
    check(
        "const TTL = 30 * 1000;\nconst m = new Map();\nsetInterval(() => { const now = Date.now(); for (const [k, v] of m) if (now - v.at > TTL) m.delete(k); }, 5000);",
        var("m"),
        "declared 2:7 Map, Delete 3 /5000ms >30000ms",
    );
    check(
        "const m = new Map();\nfunction put(k) { m.set(k, { expires: Date.now() + 60_000 }); }\nfunction sweep() { for (const [k, v] of m) { if (v.expires > Date.now()) continue; m.delete(k); } }\nsetInterval(sweep, 1000);",
        var("m"),
        "declared 1:7 Map, Inserts 2, Delete 3 /1000ms >60000ms",
    );
    check(
        "let list = [];\nfunction add(v) { list.push(v); list = list.filter((x) => x.t + 2000 > Date.now()); }",
        var("list"),
        "declared 1:5 Array, Appends 2, Filter 2 >2000ms",
    );
    check(
        "class Window {\n  hits = new Map();\n  constructor({ spanMs }) { this.spanMs = spanMs; }\n  hit(k) {\n    const now = Date.now(), log = this.hits.get(k);\n    log.push(now);\n    const edge = now - this.spanMs;\n    let old = 0;\n    while (log[old] < edge) old++;\n    log.splice(0, old);\n  }\n}",
        field("Window", "hits"),
        "declared 2:3 Map, Appends 6 nested, Splice 10 >spanMs nested",
    );
    check(
        "class Cache {\n  #entries = new Map();\n  constructor({ ttlMs, sweepMs }) { this.ttlMs = ttlMs; setInterval(() => this.#sweep(), sweepMs); }\n  set(k) { this.#entries.set(k, { expires: Date.now() + this.ttlMs }); }\n  #sweep() { for (const [k, { expires }] of this.#entries) { if (expires > Date.now()) break; this.#entries.delete(k); } }\n}",
        field("Cache", "#entries"),
        "declared 2:3 Map, Inserts 4, Delete 5 /sweepMs >ttlMs",
    );
    check(
        "const m = new Map();\nfunction get(k) { if (Date.now() - m.get(k).at > 9000) m.delete(k); }",
        var("m"),
        "declared 1:7 Map, Delete 2",
    );
    check(
        "const m = new Map();\nfunction get(k, n) { for (let i = 0; i < n; i++) if (n - i > 1) f(); m.delete(k); }",
        var("m"),
        "declared 1:7 Map, Delete 2",
    );
}
