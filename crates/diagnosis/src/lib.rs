//! Joins verdict, suspects and sources into one diagnosis with its remedy
