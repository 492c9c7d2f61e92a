"""Whatever visitors send is shown inert, in a real browser."""
