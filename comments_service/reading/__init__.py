"""The read side: pages, counts, one comment, an author's own, the moderators' queues."""
