"""Login attempts: failures by account and address, and addresses of successful logins."""
