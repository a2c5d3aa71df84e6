# frozen_string_literal: true

module Social
  # What somebody wrote. In version 1 it is delivered once `delivered` is true.
  module Post
    def self.write(text)
      Social.query('INSERT INTO posts (text) VALUES ($1) RETURNING id', [text]).first.fetch('id')
    end

    def self.delivered(id, _host)
      Social.query('UPDATE posts SET delivered = true WHERE id = $1 RETURNING text', [id]).first
    end

    def self.all
      Social.query('SELECT id, text, delivered FROM posts ORDER BY id')
    end
  end
end
