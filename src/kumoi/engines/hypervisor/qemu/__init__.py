"""Guests as QEMU processes, driven over QMP; they outlive the agent."""
