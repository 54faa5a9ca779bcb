"""Guests as QEMU processes, controlled over QMP. They survive the agent."""
