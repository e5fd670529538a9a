"""Two consumers of the same webhooks, one careful and one careless, which show what an audit finds."""
