//! A series of heap graphs into growing holders with path and pattern
