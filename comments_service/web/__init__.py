"""The HTTP edge: the only place that knows requests, schemas, limits and statuses."""
