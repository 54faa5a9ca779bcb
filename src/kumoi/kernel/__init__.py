"""The foundation of every service. It imports no service and no engine."""
