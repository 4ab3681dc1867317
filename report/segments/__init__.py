"""Segments: accounts that fulfil a saved condition, and since when they do."""
