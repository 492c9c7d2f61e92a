"""What Python imports first in a service whose clock the tests move."""
