"""The rows of attachments: which server has which volume. `attachments` has the API."""
