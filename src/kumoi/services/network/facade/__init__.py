"""What other services may call in the network service: one file per topic, and the errors in `errors`.

A function runs in the caller's transaction. It raises the typed errors of `facade.errors`, whose texts are the network
service's. A caller whose API has other texts or statuses translates them (`kernel.errors.translated`). OverQuota is the
kernel's and needs no translation.
"""
