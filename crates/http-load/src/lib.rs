//! A list of requests into load on a service: counts and latencies
