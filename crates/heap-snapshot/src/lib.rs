//! V8 heap snapshot bytes, streamed, into typed columns
