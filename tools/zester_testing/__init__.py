"""What tests share: throw-away sites, real nats-servers, whole fleets."""
