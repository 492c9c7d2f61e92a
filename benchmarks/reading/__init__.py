"""What the benchmark of reads is made of: seeded databases, servers, load, the yardsticks."""
