UPDATE posts SET delivered_by = 'version 1' WHERE delivered AND delivered_by IS NULL;
ALTER TABLE posts DROP COLUMN delivered;
