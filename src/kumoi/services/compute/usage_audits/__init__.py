"""Usage audits: whether each host has reported the usage of the last period, which none does, as in Nova's default."""
