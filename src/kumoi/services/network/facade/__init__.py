"""What other services may ask of networks: one small door a file, and `errors` for what the doors refuse.

A door runs in the caller's transaction. It refuses with the typed errors of `facade.errors`, which carry the facts and
say them in the network service's words; a caller whose API has words of its own translates them at its own door
(`kernel.errors.translated`). OverQuota is the kernel's, so it needs no translation.
"""
