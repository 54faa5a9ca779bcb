"""Rules by which objects expire."""
