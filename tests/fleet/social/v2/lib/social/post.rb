# frozen_string_literal: true

module Social
  # What somebody wrote. In version 2 it is known which host delivered it.
  module Post
    def self.write(text)
      Social.query('INSERT INTO posts (text) VALUES ($1) RETURNING id', [text]).first.fetch('id')
    end

    def self.delivered(id, host)
      Social.query('UPDATE posts SET delivered_by = $2 WHERE id = $1 RETURNING text', [id, host]).first
    end

    def self.all
      Social.query('SELECT id, text, delivered_by FROM posts ORDER BY id')
    end
  end
end
