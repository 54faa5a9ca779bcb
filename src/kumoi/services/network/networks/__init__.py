"""Networks: layer 2 domains, private to a project, shared, or leading outside."""
