"""Audits: the differences between the tables and the world, as `kumoi audit` lists them."""
