"""The parts of which objects were made."""
