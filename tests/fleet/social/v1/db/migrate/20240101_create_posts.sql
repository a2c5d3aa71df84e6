CREATE TABLE posts (
  id bigserial PRIMARY KEY,
  text text NOT NULL,
  delivered boolean NOT NULL DEFAULT false
);
