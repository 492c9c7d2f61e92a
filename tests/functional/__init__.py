"""The whole service at work: real servers, real browsers, many clients at once."""
