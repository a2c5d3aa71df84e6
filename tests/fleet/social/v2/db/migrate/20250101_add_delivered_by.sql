ALTER TABLE posts ADD COLUMN delivered_by text;
UPDATE posts SET delivered_by = 'version 1' WHERE delivered;
