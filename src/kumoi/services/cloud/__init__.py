"""What OpenStack has no word for: the operations at work, the events, the API's own description (`/kumoi/v1`)."""
