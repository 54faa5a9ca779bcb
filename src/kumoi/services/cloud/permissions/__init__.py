"""What a token may do, by the policies of the declared routes."""
