# frozen_string_literal: true

require 'json'
require 'rack'
require 'socket'

require_relative 'post'
require_relative 'worker'

module Social
  # The pages.
  class Web
    def call(env)
      request = Rack::Request.new(env)
      case [request.request_method, request.path_info]
      when %w[GET /health] then [200, { 'content-type' => 'text/plain' }, ['OK']]
      when %w[GET /] then page(request)
      when %w[GET /posts] then answer(200, Post.all)
      when %w[POST /posts] then write(request.params.fetch('text'))
      else [404, { 'content-type' => 'text/plain' }, ['there is no such page']]
      end
    end

    private

    # It fails where the database does, so that who balances sees it.
    def page(request)
      count = Social.query('SELECT count(*) AS count FROM posts').first.fetch('count')
      html = "<!doctype html>\n<title>#{ENV.fetch('LOCAL_DOMAIN')}</title>\n" \
             "<p>social version #{VERSION} on #{Socket.gethostname}: #{count} posts (#{request.scheme})</p>\n"
      [200, { 'content-type' => 'text/html; charset=utf-8' }, [html]]
    end

    def write(text)
      id = Post.write(text)
      Deliver.perform_async(id)
      answer(202, { id: id })
    end

    def answer(status, value)
      [status, { 'content-type' => 'application/json' }, [JSON.generate(value)]]
    end
  end
end
