"""Retention of historical tables."""
