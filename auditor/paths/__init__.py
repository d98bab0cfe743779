"""Ways to take over a tenant: a graph of who can become whom, searched backwards from its end. Knows nothing of documents and facts."""
