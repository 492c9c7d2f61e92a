"""What the benchmark of writes is made of: clients, servers, the plain way, the table."""
