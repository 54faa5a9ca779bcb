"""Settings of buckets: documents that a bucket keeps."""
