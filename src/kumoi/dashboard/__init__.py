"""The dashboard as a cloud serves it. Its sources are in `dashboard/` at the top of the tree."""
