"""Two consumers of the same webhooks, to see what an audit finds: a careful one and a careless one."""
