"""The rows of projects and domains. `projects` and `domains` have the APIs."""
