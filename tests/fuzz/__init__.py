"""The API against its own description: whatever that allows or forbids is sent, and every answer checked."""
