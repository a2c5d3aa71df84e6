# frozen_string_literal: true

require 'pg'
require 'redis'
require 'sidekiq'

# What pages, workers and commands share: settings, the database, redis.
module Social
  ROOT = File.expand_path('..', __dir__)
  VERSION = File.read(File.join(ROOT, 'VERSION')).strip

  # As dotenv reads it: NAME=value, or NAME='any value'. What is in the environment already wins.
  def self.load_settings
    file = File.join(ROOT, ".env.#{ENV.fetch('RAILS_ENV', 'development')}")
    return unless File.exist?(file)

    File.foreach(file, chomp: true) do |line|
      name, value = line.split('=', 2)
      next if line.start_with?('#') || value.nil?

      ENV[name] ||= value.delete_prefix("'").delete_suffix("'")
    end
  end

  def self.database
    { host: ENV.fetch('DB_HOST'), port: ENV.fetch('DB_PORT', '5432'), user: ENV.fetch('DB_USER'),
      password: ENV.fetch('DB_PASS', nil), connect_timeout: 5 }
  end

  def self.query(sql, values = [])
    connection = PG.connect(**database, dbname: ENV.fetch('DB_NAME'))
    connection.exec_params(sql, values).to_a
  ensure
    connection&.close
  end

  def self.redis
    { host: ENV.fetch('REDIS_HOST', 'localhost'), port: Integer(ENV.fetch('REDIS_PORT', '6379')),
      password: ENV.fetch('REDIS_PASSWORD', nil) }.compact
  end

  load_settings
  Sidekiq.configure_client { |config| config.redis = redis }
  Sidekiq.configure_server { |config| config.redis = redis }
end
