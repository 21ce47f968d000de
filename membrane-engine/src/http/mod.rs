//! The HTTP stack, one layer a file, outermost first: log, retry, rate limit, auth, guard, transport.
