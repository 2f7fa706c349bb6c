//! A finished diagnosis into text, JSON and Markdown
