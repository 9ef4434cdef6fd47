extension Template {
    static let findingsText = """
        {{<layout}}{{$content}}
        {{> filters}}
        {{#empty(rows)}}<p class="lead">{{emptyWords}}</p>{{/empty(rows)}}
        {{^empty(rows)}}
        <table>
        <caption>{{caption}}</caption>
        <thead><tr><th scope="col">Appointment</th><th scope="col">Patient</th><th scope="col">What</th>
        <th scope="col">Why</th><th scope="col">Since</th><th scope="col">State</th></tr></thead>
        <tbody>
        {{#rows}}
        <tr><th scope="row"><a class="w" href="{{link}}">{{day}}</a></th>
        <td data-label="Patient"><span class="w">{{patient}}</span></td>
        <td data-label="What">{{what}}</td>
        <td data-label="Why">{{why}}</td>
        <td data-label="Since"><time datetime="{{since.iso}}">{{since.text}}</time>
        <span class="w">({{since.age}})</span></td>
        <td data-label="State"><span class="tag {{tone}}">{{sign}} {{state}}</span>{{#showPractice}}<br>
        <span class="soft">{{practice}}</span>{{/showPractice}}</td></tr>
        {{/rows}}
        </tbody>
        </table>
        {{#next}}<p><a class="button quiet" href="{{next}}">Next page</a></p>{{/next}}
        {{/empty(rows)}}
        {{/content}}{{/layout}}
        """

    static let findingText = """
        {{<layout}}{{$content}}
        <p class="lead"><span class="tag {{tone}}">{{sign}} {{state}}</span> {{patient}}{{#start}}, appointment
        <time datetime="{{start.iso}}">{{start.text}}</time>{{/start}}, {{practice}}.</p>
        <p>{{why}} <strong>To mend it:</strong> {{mend}}</p>
        <table>
        <caption>What each side says. A row with ≠ differs.</caption>
        <thead><tr><th scope="col">Field</th>{{#sides}}<th scope="col">{{title}}</th>{{/sides}}</tr></thead>
        <tbody>
        {{#presence}}<tr{{#differs}} class="differs"{{/differs}}><th scope="row">{{#differs}}≠ Is there (differs){{/differs}}{{^differs}}Is there{{/differs}}</th>
        {{#cells}}<td data-label="{{title}}">{{text}}</td>{{/cells}}</tr>{{/presence}}
        {{#rows}}
        <tr{{#differs}} class="differs"{{/differs}}><th scope="row">{{#differs}}≠ {{label}} (differs){{/differs}}{{^differs}}{{label}}{{/differs}}</th>
        {{#cells}}<td data-label="{{title}}">{{text}}</td>{{/cells}}</tr>
        {{/rows}}
        </tbody>
        </table>
        <h2>Proof</h2>
        <dl>
        <dt>First seen</dt><dd><time datetime="{{first.iso}}">{{first.text}}</time>, {{first.age}} ago</dd>
        <dt>Last seen</dt><dd><time datetime="{{last.iso}}">{{last.text}}</time></dd>
        {{#closed}}<dt>Closed</dt><dd><time datetime="{{closed.iso}}">{{closed.text}}</time>: {{endedWords}}</dd>{{/closed}}
        {{#watermark}}<dt>Feed heard until</dt><dd><time datetime="{{watermark.iso}}">{{watermark.text}}</time></dd>{{/watermark}}
        {{#facts}}<dt>{{name}}</dt><dd>{{value}}</dd>{{/facts}}
        {{#entryLink}}<dt>Message</dt><dd><a href="{{entryLink}}">The message that it rests on</a></dd>{{/entryLink}}
        {{#jobs}}<dt>Job</dt><dd><a href="{{link}}">{{words}}</a></dd>{{/jobs}}
        </dl>
        {{#empty(messages)}}{{^entryLink}}<p>The journal has no message about it.</p>{{/entryLink}}{{/empty(messages)}}
        {{^empty(messages)}}
        <table>
        <caption>Messages about the appointment, the newest first</caption>
        <thead><tr><th scope="col">When</th><th scope="col">Type</th><th scope="col">Feed</th><th scope="col">What became of it</th></tr></thead>
        <tbody>
        {{#messages}}<tr><th scope="row"><a href="{{link}}"><time datetime="{{at.iso}}">{{at.text}}</time></a></th>
        <td data-label="Type">{{type}}</td><td data-label="Feed">{{feed}}</td><td data-label="What became of it">{{fate}}</td></tr>
        {{/messages}}
        </tbody>
        </table>
        {{/empty(messages)}}
        {{^empty(deliveries)}}
        <table>
        <caption>What the booking app was told, the newest first</caption>
        <thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">To</th><th scope="col">State</th>
        <th scope="col" class="n">Attempts</th><th scope="col" class="n">Their answer</th></tr></thead>
        <tbody>
        {{#deliveries}}
        <tr><th scope="row">{{at.text}}</th><td data-label="What">{{type}} ({{event}})</td><td data-label="To">{{client}}</td>
        <td data-label="State">{{delivered}}</td><td class="n" data-label="Attempts">{{attempts}}</td>
        <td class="n" data-label="Their answer">{{answer}}</td></tr>
        {{/deliveries}}
        </tbody>
        </table>
        {{/empty(deliveries)}}
        {{#canAct}}
        <h2>Do something about it</h2>
        <div class="acts">
        {{#canResend}}
        <form method="post" action="{{base}}/resend" class="card">
        <input type="hidden" name="csrf" value="{{frame.csrf}}">
        <input type="hidden" name="workflow" value="{{workflow}}">
        <input type="hidden" name="seen" value="{{lastAct}}">
        <h3>Send again</h3>
        <p>Tells the booking app what is on record here, as a new notice. Nothing else changes.</p>
        <p><button type="submit">Send this one again</button></p>
        </form>
        {{/canResend}}
        {{#canRemove}}
        <form method="post" action="{{base}}/remove" class="card">
        <input type="hidden" name="csrf" value="{{frame.csrf}}">
        <input type="hidden" name="workflow" value="{{workflow}}">
        <input type="hidden" name="seen" value="{{lastAct}}">
        <h3>Confirm the removal</h3>
        <p>Takes the appointment off here and tells the booking apps that it was deleted. Look it up in the
        practice-management system first.</p>
        <p><label for="removal-reason">Reason</label>
        <input id="removal-reason" name="reason" maxlength="1000" required autocomplete="off"></p>
        <p><button type="submit">It was removed in the PM</button></p>
        </form>
        {{/canRemove}}
        {{#canAccept}}
        <form method="post" action="{{base}}/accept" class="card">
        <input type="hidden" name="csrf" value="{{frame.csrf}}">
        <input type="hidden" name="workflow" value="{{workflow}}">
        <input type="hidden" name="seen" value="{{lastAct}}">
        <h3>Accept as it is</h3>
        <p><label for="reason">Reason</label>
        <input id="reason" name="reason" maxlength="1000" required autocomplete="off"></p>
        <p><button class="quiet" type="submit">Accept</button></p>
        </form>
        {{/canAccept}}
        {{#isAccepted}}
        <form method="post" action="{{base}}/withdraw" class="card">
        <input type="hidden" name="csrf" value="{{frame.csrf}}">
        <input type="hidden" name="workflow" value="{{workflow}}">
        <input type="hidden" name="seen" value="{{lastAct}}">
        <h3>Take the acceptance back</h3>
        <p>It counts as open again.</p>
        <p><button class="quiet" type="submit">Take it back</button></p>
        </form>
        {{/isAccepted}}
        </div>
        {{/canAct}}
        {{^empty(history)}}
        <h2>History</h2>
        <table>
        <caption>What the comparisons saw and what people did, the oldest first</caption>
        <thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">Reason</th></tr>
        </thead>
        <tbody>
        {{#history}}<tr><th scope="row"><time datetime="{{at.iso}}">{{at.text}}</time></th><td data-label="Who">{{who}}</td>
        <td data-label="What">{{what}}</td><td data-label="Reason">{{reason}}</td></tr>
        {{/history}}
        </tbody>
        </table>
        {{/empty(history)}}
        {{/content}}{{/layout}}
        """
}
