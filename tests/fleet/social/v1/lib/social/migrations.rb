# frozen_string_literal: true

require_relative '../social'

module Social
  # The files of SQL below db, in their order, each once. Those that must wait until no old version runs are in post_migrate.
  module Migrations
    # Makes the database where it is missing, as who may come into it, and nobody else has to.
    def self.prepare
      PG.connect(**Social.database, dbname: ENV.fetch('DB_NAME')).close
    rescue PG::ConnectionBad => e
      raise unless e.message.include?('does not exist')

      connection = PG.connect(**Social.database, dbname: 'postgres')
      connection.exec("CREATE DATABASE #{connection.quote_ident(ENV.fetch('DB_NAME'))}")
      connection.close
    end

    def self.migrate
      Social.query('CREATE TABLE IF NOT EXISTS schema_migrations (version text PRIMARY KEY)')
      done = Social.query('SELECT version FROM schema_migrations').map { |row| row.fetch('version') }
      files.reject { |file| done.include?(version(file)) }.each do |file|
        puts "== #{version(file)}"
        connection = PG.connect(**Social.database, dbname: ENV.fetch('DB_NAME'))
        connection.transaction do |open|
          open.exec(File.read(file))
          open.exec_params('INSERT INTO schema_migrations VALUES ($1)', [version(file)])
        end
        connection.close
      end
    end

    def self.files
      folders = ENV['SKIP_POST_DEPLOYMENT_MIGRATIONS'] ? %w[migrate] : %w[migrate post_migrate]
      folders.flat_map { |folder| Dir[File.join(ROOT, 'db', folder, '*.sql')] }.sort_by { |file| version(file) }
    end

    def self.version(file)
      File.basename(file, '.sql')
    end
  end
end
