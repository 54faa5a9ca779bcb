"""Images: what they are called, what they hold, who may use them."""
