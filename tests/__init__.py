"""Tests: what a user gets, one file a module."""
