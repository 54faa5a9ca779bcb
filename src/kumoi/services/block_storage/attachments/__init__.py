"""Attachments: which server has which volume, or is about to."""
