"""What keeps messages from piling up."""
